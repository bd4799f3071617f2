#!/usr/bin/env bash
# Asks `llmbatch serve` by curl: an answer in one piece, and as it comes.
set -euo pipefail
server=${SERVER:-http://localhost:8000}
token=${TOKEN:-any}

curl -sS --fail-with-body "$server/v1/chat/completions" -H "authorization: Bearer $token" \
  -d '{"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Name a river."}]}'
echo
curl -sS --fail-with-body --no-buffer "$server/v1/messages" -H "x-api-key: $token" \
  -d '{"model": "claude-haiku-4-5", "max_tokens": 100, "stream": true, "messages": [{"role": "user", "content": "Name a river."}]}'
