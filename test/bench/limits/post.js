import { Agent, request } from "undici";

const dispatcher = new Agent({ connections: null });
const headers = { "content-type": "application/json", authorization: "Bearer k", "x-api-key": "k" };

/** One POST. @returns its status and headers; 0 if there was no answer. */
export async function post(url, body) {
  try {
    const response = await request(url, { method: "POST", headers, body: JSON.stringify(body), dispatcher });
    await response.body.dump();
    return { status: response.statusCode, headers: response.headers };
  } catch {
    return { status: 0, headers: {} };
  }
}

export function sleep(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
