"""One module a tab; each has build(engine) and may import gradio."""
