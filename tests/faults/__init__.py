"""What Kino does when something is away: real servers, real processes, and a proxy that spoils what lies between."""
