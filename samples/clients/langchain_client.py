"""Asks `llmbatch serve` by LangChain: pip install langchain-openai"""

import os

from langchain_openai import ChatOpenAI

server = os.environ.get("SERVER", "http://localhost:8000")
# The server asks again by itself.
llm = ChatOpenAI(
    model="gpt-5.4-mini", base_url=f"{server}/v1", api_key=os.environ.get("TOKEN", "any"), max_retries=0
)

print(llm.invoke("Name a river.").content)
