"""How long the lists of the API and the portfolio page take, with a thousand and with ten thousand projects."""
