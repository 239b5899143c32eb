"""Small programs that Asterisk itself runs while the engine is away."""
