"""Asks `llmbatch serve` by OpenAI's package: pip install openai"""

import os

from openai import OpenAI

server = os.environ.get("SERVER", "http://localhost:8000")
client = OpenAI(base_url=f"{server}/v1", api_key=os.environ.get("TOKEN", "any"))

answer = client.chat.completions.create(
    model="gpt-5.4-mini", messages=[{"role": "user", "content": "Name a river."}]
)
print(answer.choices[0].message.content)
