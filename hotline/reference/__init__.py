"""What is made from the models: reference pages and JSON Schemas."""
