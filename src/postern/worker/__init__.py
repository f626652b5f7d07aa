"""What happens without being asked: the runner that carries the queue, and the timetable."""
