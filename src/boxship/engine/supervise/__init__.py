"""What happens without being asked: exits, restarts, removal on exit."""
