/** The store could not do what was asked; whether it had an effect is not known. Try again. */
export class StorageError extends Error {
  override readonly name: string = 'StorageError';
  /** Whether trying again may help: true unless the store itself is broken or misused. */
  readonly transient: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly transient?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.transient = options.transient ?? true;
  }
}
