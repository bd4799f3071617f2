/** Stands for a secret in what is printed. */
export const masked = "[secret]";

/** Query parameters whose values are no credentials. */
const publicParameters: ReadonlySet<string> = new Set(["api-version", "host", "sslmode"]);

/**
 * Hides what lets its bearer in, in all addresses of a text: user and password, and values of the query. `${NAME}` stays, so that a configuration
 * that was printed can be read back.
 */
export function maskAddresses(text: string): string {
  return text.replaceAll(/[a-z][a-z\d+.-]{0,15}:\/\/\S+/gi, (address) => maskQuery(maskUser(address)));
}

/** The passwords in an address, as they stand there and decoded. */
export function passwordsIn(address: string): string[] {
  const [, user = ""] = userPattern.exec(address) ?? [];
  const inQuery = /[?&]password=([^&#]*)/.exec(address)?.[1] ?? "";
  const written = [user.slice(user.indexOf(":") + 1), inQuery];
  return [...new Set(written.flatMap((password) => [password, decoded(password)]))].filter((password) => password !== "");
}

/** Up to the last `@` that can end it. */
const userPattern = /^[a-z][a-z\d+.-]{0,15}:\/\/([^\s/?#]*)@/i;
/** A password with characters that addresses do not allow. */
const brokenUserPattern = /^[a-z][a-z\d+.-]{0,15}:\/\/(\S*)@/i;
const namesVariable = /^(?:[^:]*:)?\$\{\w+\}$/;

function maskUser(address: string): string {
  const [whole, user = ""] = (URL.canParse(address) ? userPattern : brokenUserPattern).exec(address) ?? [];
  if (whole === undefined || user === "" || namesVariable.test(user)) return address;
  return `${whole.slice(0, whole.length - user.length - 1)}${masked}@${address.slice(whole.length)}`;
}

function maskQuery(address: string): string {
  return address.replaceAll(/([?&])([^=&#?]*)=([^&#]*)/g, (pair, start: string, name: string, value: string) =>
    publicParameters.has(name) || /^\$\{\w+\}$/.test(value) ? pair : `${start}${name}=${masked}`,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
