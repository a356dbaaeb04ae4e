"""What Dagster runs at night, and what it tells MLflow. A face: its assets call capabilities."""
