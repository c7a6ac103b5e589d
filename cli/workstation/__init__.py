"""The commands of the machines where developers work; what they do stands in `workstation/`."""
