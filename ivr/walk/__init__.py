"""Every way through a flow, walked by machine."""
