import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Parameter: the execution context of the guard, for long-lived responses that must check again. */
export const Execution = createParamDecorator((_: unknown, execution: ExecutionContext) => execution);
