"""What people in the workspace see and do, in the browser and in tests."""
