"""FastAGI: the server, its sessions, and a `Call` on a real Asterisk."""
