import { chance, firstWord } from "../chance.ts";

/** Some fixed day: an answer that told the time could not be the same in the next run. */
const firstCreatedSeconds = 1_767_225_600;
const createdSpanSeconds = 86_400 * 300;
const createdSalt = 0x40000;

/** When an answer claims to have been made, in seconds of Unix time: the same for the same request. */
export function creationSeconds(digest: string): number {
  return firstCreatedSeconds + Math.floor(chance(firstWord(digest), createdSalt) * createdSpanSeconds);
}
