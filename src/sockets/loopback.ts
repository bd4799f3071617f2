/** Whether a host is this machine. @param hostname As `URL` or a socket has it: lower case, IPv4 as four decimals, IPv6 with or without brackets. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1|\[::1\])$/.test(hostname);
}
