import { LayersenseError } from '@layersense/contracts';

/** What an aborted signal means here. Its own reason wins when that already is one of our errors. */
export function canceledError(action: string, signal: AbortSignal): LayersenseError {
  if (signal.reason instanceof LayersenseError) return signal.reason;
  return new LayersenseError('canceled', `${action} was canceled.`, {}, { cause: signal.reason });
}
