"""What `./dev` does, one module per concern. Standard library only, except `session` and the pytest plug-ins."""
