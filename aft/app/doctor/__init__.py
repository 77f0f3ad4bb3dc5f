"""What `aft doctor` asks the world, before `aft.doctor` judges it."""
