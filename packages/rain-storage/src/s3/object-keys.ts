/** Where the index has objects. */

/** The newest version of an object, in the index. */
export const objectKey = (bucket: string, key: string) => `o\0${bucket}\0${key}`
/** An older version: the newer ones of a key come first. */
export const olderKey = (bucket: string, key: string, stamp: string) => `v\0${bucket}\0${key}\0${stamp}`
/** Where the older version that is called `null` stands: its stamp. */
export const nullKey = (bucket: string, key: string) => `n\0${bucket}\0${key}`
