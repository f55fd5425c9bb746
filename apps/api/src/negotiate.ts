import { LayersenseError } from '@layersense/contracts';
import type { FastifyRequest } from 'fastify';

/** Of every text that is answered: a request may name it or not. */
const CHARSET = 'charset=utf-8';

/**
 * The media type of `offers` that a request accepts most (RFC 9110, 12.5.1): of the highest quality,
 * then named most specifically, then named first, then offered first.
 *
 * @throws LayersenseError `not_acceptable`
 */
export function negotiate<Type extends string>(
  request: FastifyRequest,
  offers: readonly Type[],
): Type {
  const accepted = request.types(offers.map((type) => `${type}; ${CHARSET}`));
  const chosen = offers.find((type) => `${type}; ${CHARSET}` === accepted);
  if (chosen !== undefined) return chosen;
  const { accept = '' } = request.headers;
  throw new LayersenseError(
    'not_acceptable',
    `There is no answer as ${accept.slice(0, 200)}. Accept one of ${offers.join(', ')}.`,
    { offers },
  );
}
