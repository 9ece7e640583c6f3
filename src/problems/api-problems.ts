import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';

const PREFIX = 'x-problem-';

/**
 * Documents the problems that a route can answer with, by code. May stand several times on a route. What every route can
 * answer, and what follows from its `@Allow`, is documented without it.
 */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  // An extension for each code, for those of one key would replace each other.
  return applyDecorators(...Object.entries(problemMarks(...codes)).map(([mark, value]) => ApiExtension(mark, value)));
}

/** The same for an operation that no method has. */
export function problemMarks(...codes: ProblemCode[]): Record<string, true> {
  return Object.fromEntries(codes.map((code) => [`${PREFIX}${code}`, true as const]));
}

/** Takes the marks of `ApiProblems` off an operation and gives their codes. */
export function takeProblems(operation: object): ProblemCode[] {
  return (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => {
    const mark = `${PREFIX}${code}`;
    const declared = mark in operation;
    Reflect.deleteProperty(operation, mark);
    return declared;
  });
}
