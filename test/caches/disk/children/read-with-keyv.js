// A program that has the cache's file, keyv and @keyv/sqlite: prints what it finds under each fingerprint.
import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";

const [path, ...fingerprints] = process.argv.slice(2);
const keyv = new Keyv({ store: new KeyvSqlite(`sqlite://${path}`) });
for (const fingerprint of fingerprints) console.log(JSON.stringify(await keyv.get(fingerprint)));
await keyv.disconnect();
