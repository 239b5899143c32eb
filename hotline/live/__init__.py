"""What is told while it happens: MQTT and the wallboard, Prometheus, the terminal view, Asterisk's queue_log."""
