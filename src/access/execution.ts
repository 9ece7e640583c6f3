import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Parameter: what the guard was asked about, for an answer that goes on and has to ask again. */
export const Execution = createParamDecorator((_: unknown, execution: ExecutionContext) => execution);
