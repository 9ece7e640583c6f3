import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Type } from '@nestjs/common';
import { parametersOf } from '../../access/nest-metadata.js';
import { boundsOf, type InputClass, UnboundedInput } from './input-lengths.js';

/** @throws UnboundedInput naming every route whose body or query may contain a string or list of unbounded length; the server does not start then */
export function refuseUnboundedInput(discovery: DiscoveryService, scanner: MetadataScanner): void {
  const faults = discovery.getControllers().flatMap(({ metatype }) => {
    if (!metatype) return [];
    const prototype = metatype.prototype as object;
    return scanner.getAllMethodNames(prototype).flatMap((name) =>
      inputsOf(metatype as Type, name).flatMap((declared) => {
        const fault = faultOf(declared);
        return fault === undefined ? [] : [`  - ${metatype.name}.${name}: ${fault}`];
      }),
    );
  });
  if (faults.length === 0) return;
  throw new UnboundedInput(
    `What these routes take has no greatest length; say maxLength or maxItems in @ApiProperty:\n${faults.join('\n')}`,
  );
}

/** The classes of body and query; undefined for one without a class. */
function inputsOf(controller: Type, method: string): (InputClass | undefined)[] {
  return parametersOf(controller, method)
    .filter(({ from }) => from !== 'other')
    .map(({ key, type }) => (key === undefined ? (type as InputClass | undefined) : undefined));
}

function faultOf(declared: InputClass | undefined): string | undefined {
  if (!declared) return 'takes its body or query without a class that describes it';
  try {
    boundsOf(declared);
    return undefined;
  } catch (error) {
    if (error instanceof UnboundedInput) return error.message;
    throw error;
  }
}
