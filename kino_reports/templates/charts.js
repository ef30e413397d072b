"use strict";
// Replaces a chart's drawing by an interactive one when it comes into sight; the drawing stays for print.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const seen = new Map();

  function layout(figure) {
    const styles = getComputedStyle(document.documentElement);
    const ink = styles.getPropertyValue("--ink").trim();
    const rule = styles.getPropertyValue("--rule").trim();
    const axis = (given) => ({ ...given, gridcolor: rule, linecolor: rule });
    return {
      ...figure.layout,
      xaxis: axis(figure.layout.xaxis),
      yaxis: axis(figure.layout.yaxis),
      font: { family: styles.getPropertyValue("--font"), size: 12, color: ink },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      height: 336,
    };
  }

  function draw(holder) {
    const figure = JSON.parse(holder.parentElement.querySelector("script").textContent);
    const plot = document.createElement("div");
    plot.className = "plot";
    holder.before(plot);
    Plotly.newPlot(plot, figure.data, layout(figure), { displayModeBar: false, responsive: true }).then(
      () => { holder.classList.add("replaced"); seen.set(plot, figure); },
      () => plot.remove(),
    );
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });

  document.querySelectorAll(".drawing").forEach((holder) => watcher.observe(holder));
  dark.addEventListener("change", () => seen.forEach((figure, plot) => Plotly.relayout(plot, layout(figure))));
})();
