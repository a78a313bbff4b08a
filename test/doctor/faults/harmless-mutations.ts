/** Small changes to the edge's files after which everything that is promised still holds, each with the reason. */

export const HARMLESS: readonly { readonly is: RegExp; readonly because: string }[] = [];
