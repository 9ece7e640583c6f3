import 'reflect-metadata';
// Loaded before the modules that decorate with it: under Jest's ESM loader it must come first.
import '@nestjs/common';
