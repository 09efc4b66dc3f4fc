"""The processes of Yidi, one module each: a thin loop that decodes, calls a service and acknowledges last."""
