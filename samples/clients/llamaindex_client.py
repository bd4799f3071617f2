"""Asks `llmbatch serve` by LlamaIndex: pip install llama-index-llms-openai-like

Its `OpenAI` class takes only models that it knows by name.
"""

import os

from llama_index.llms.openai_like import OpenAILike

server = os.environ.get("SERVER", "http://localhost:8000")
llm = OpenAILike(
    model="gpt-5.4-mini",
    api_base=f"{server}/v1",
    api_key=os.environ.get("TOKEN", "any"),
    is_chat_model=True,
    context_window=128000,
    timeout=600.0,  # seconds; 60 by default, which is short for a queue
)

print(llm.complete("Name a river."))
