import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { boundsOf, type InputClass, UnboundedInput } from './input-lengths.js';

const WITH_FIELDS: readonly number[] = [RouteParamtypes.BODY, RouteParamtypes.QUERY];

/** @throws UnboundedInput naming every route whose body or query may hold a text or a list of any length: such a server does not start */
export function refuseUnboundedInput(discovery: DiscoveryService, scanner: MetadataScanner): void {
  const faults = discovery.getControllers().flatMap(({ metatype }) => {
    if (!metatype) return [];
    const prototype = metatype.prototype as object;
    return scanner.getAllMethodNames(prototype).flatMap((name) =>
      inputsOf(metatype, prototype, name).flatMap((declared) => {
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

/** The classes of the body and the query; undefined for one that is taken without a class. */
function inputsOf(controller: object, prototype: object, method: string): (InputClass | undefined)[] {
  const given = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<
    string,
    { readonly index: number; readonly data?: unknown }
  >;
  const types = (Reflect.getMetadata('design:paramtypes', prototype, method) ?? []) as readonly unknown[];
  return Object.entries(given)
    .filter(([key]) => WITH_FIELDS.includes(Number(key.split(':', 1)[0])))
    .map(([, { index, data }]) => {
      const type = types[index];
      return data === undefined && typeof type === 'function' && type !== Object ? (type as InputClass) : undefined;
    });
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
