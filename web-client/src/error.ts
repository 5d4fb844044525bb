/** What went wrong, as the gateway or the socket tells it. */

/** More about a {@link SluiceError}. */
export interface SluiceErrorDetails {
  /** The ERROR frame's body. */
  body?: string;
  /** The receipt that the refused frame asked for. */
  receiptId?: string;
  /** The WebSocket's close code. */
  closeCode?: number;
  /** The error that led to this one. */
  cause?: unknown;
}

/** An ERROR frame of the gateway, or the end of a connection. `message` says what was wrong. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  /** The ERROR frame's body; empty where there was none. */
  readonly body: string;
  /** The receipt that the refused frame asked for. */
  readonly receiptId: string | undefined;
  /** The WebSocket's close code, where the connection ended. */
  readonly closeCode: number | undefined;

  constructor(message: string, details: SluiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.body = details.body ?? '';
    this.receiptId = details.receiptId;
    this.closeCode = details.closeCode;
  }
}
