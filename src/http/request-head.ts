/**
 * What all POST requests to one place have in common, up to the length of the body: RFC 9112, section 3.
 *
 * @param host Of the URL, with its port unless that is the default.
 * @param target Path and query; for a proxy that forwards, the whole URL.
 * @param headers Name and value in turn, neither holding a line break.
 */
export function requestHead(host: string, target: string, headers: readonly string[]): string {
  let head = `POST ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${head}content-length: `;
}
