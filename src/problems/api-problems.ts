import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';

const PREFIX = 'x-problem-';

/**
 * Documents the problems that a route can answer with, by code. Can be repeated on a route. Problems common to all routes, and
 * those that follow from `@Allow`, are documented automatically.
 */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  // One extension per code, since repeated keys would replace each other.
  return applyDecorators(...Object.entries(problemMarks(...codes)).map(([mark, value]) => ApiExtension(mark, value)));
}

/** The same for an operation without a controller method. */
export function problemMarks(...codes: ProblemCode[]): Record<string, true> {
  return Object.fromEntries(codes.map((code) => [`${PREFIX}${code}`, true as const]));
}

/** Removes the marks of `ApiProblems` from an operation and returns their codes. */
export function takeProblems(operation: object): ProblemCode[] {
  return (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => {
    const mark = `${PREFIX}${code}`;
    const declared = mark in operation;
    Reflect.deleteProperty(operation, mark);
    return declared;
  });
}
