import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import Runtime from 'jest-runtime';
import { noteCompiled } from './coverage.mjs';
import { forTestFile } from './native-modules.mjs';

const require = createRequire(import.meta.url);

const AS_ESM = {
  supportsDynamicImport: true,
  supportsExportNamespaceFrom: true,
  supportsStaticESM: true,
  supportsTopLevelAwait: true,
};

/**
 * Lets Node load modules, where Jest's own runtime loads every module anew for each test file: Nest, TypeORM and all of src
 * took more time than most files' tests. Modules of test/ (but per-worker) are still each file's own, those of src and packages are shared by
 * the files that a worker runs. So tests spy (`jest.spyOn`, undone after the file) and mock no modules.
 */
export default class NativeRuntime extends Runtime {
  #transformer;
  #sourceMaps = new Map();
  #modules;

  constructor(projectConfig, environment, resolver, transformer, cacheFS, coverage, testPath, globalConfig) {
    super(projectConfig, environment, resolver, transformer, cacheFS, coverage, testPath, globalConfig);
    this.#transformer = transformer;
    this.#modules = forTestFile({
      // What was edited since the last round is loaded again.
      allAnew: globalConfig.watch || globalConfig.watchAll,
      compile: (path, url) => this.#compile(path, url),
      jestGlobals: () => this.jestGlobals.cjsGlobals(testPath),
    });
  }

  #compile(path, url) {
    const { code, sourceMapPath } = this.#transformer.transform(path, AS_ESM);
    if (sourceMapPath) {
      this.#sourceMaps.set(url, sourceMapPath);
      noteCompiled(url, code, sourceMapPath);
    }
    return code;
  }

  /** By the name that a module has in stack traces. */
  getSourceMaps() {
    return this.#sourceMaps;
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    return import(this.#modules.own(pathToFileURL(path).href));
  }

  /** Jest's own, which keeps the state of a file in its modules. */
  requireInternalModule(path) {
    delete require.cache[path];
    return require(path);
  }

  installGetBuiltinModule() {
    // Would keep Node's modules from the tests.
  }
}
