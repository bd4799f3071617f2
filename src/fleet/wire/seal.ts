import { createCipheriv, createDecipheriv, createHmac, randomBytes, scryptSync } from "node:crypto";

/** What stands in Redis, as it may be read there. */
export interface Seal {
  /** Tells secrets apart without giving them away; undefined where nothing is hidden. */
  readonly check: string | undefined;
  close(bytes: Buffer): string;
  /** @throws Error where it was closed with another secret, or changed since. */
  open(text: string): Buffer;
}

/** Payloads as they are. */
export const noSeal: Seal = {
  check: undefined,
  close: (bytes) => bytes.toString("base64"),
  open: (text) => Buffer.from(text, "base64"),
};

const ivBytes = 12;
const tagBytes = 16;

/** AES-256-GCM, whose key is made of the secret by scrypt: 50 ms once, so that a short secret is not tried out quickly. */
export function createSeal(secret: string, prefix: string): Seal {
  const key = scryptSync(secret, `llmbatch fleet ${prefix}`, 32);
  return {
    check: createHmac("sha256", key).update("which secret").digest("hex").slice(0, 12),
    close(bytes) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64");
    },
    open(text) {
      const bytes = Buffer.from(text, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
    },
  };
}
