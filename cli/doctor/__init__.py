"""`abeyance doctor`: what is wrong with an installation, or with the tools of a machine."""
