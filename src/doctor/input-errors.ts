/** Why an input of the doctor is not there: nobody gave it, or it cannot be read. */

/** Nobody gave the input; `flag` says how. */
export class InputMissing extends Error {
  readonly flag: string;

  constructor(flag: string) {
    super(`give ${flag}`);
    this.name = "InputMissing";
    this.flag = flag;
  }
}

/** The input was given and cannot be used: the file does not parse, nobody answers. */
export class InputUnreadable extends Error {
  /** Where: a path with line, an address. */
  readonly where: string;

  constructor(where: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "InputUnreadable";
    this.where = where;
  }
}
