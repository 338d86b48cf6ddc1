"""The application: recipes, the engine that draws them, and the page that shows them."""
