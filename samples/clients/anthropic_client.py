"""Asks `llmbatch serve` by Anthropic's package: pip install anthropic"""

import os

from anthropic import Anthropic

# Without /v1.
server = os.environ.get("SERVER", "http://localhost:8000")
client = Anthropic(base_url=server, api_key=os.environ.get("TOKEN", "any"))

message = client.messages.create(
    model="claude-haiku-4-5", max_tokens=100, messages=[{"role": "user", "content": "Name a river."}]
)
print(message.content[0].text)
