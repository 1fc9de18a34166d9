/** The part of npm `secp256k1` 5.0.2 that is used. `bindings.js` loads the native addon and nothing else. */
declare module 'secp256k1/bindings.js' {
  interface Bindings {
    privateKeyVerify(privateKey: Uint8Array): boolean;
    publicKeyCreate(privateKey: Uint8Array, compressed: boolean): Uint8Array;
    ecdsaSign(message: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number };
    ecdsaRecover(
      signature: Uint8Array,
      recovery: number,
      message: Uint8Array,
      compressed: boolean,
    ): Uint8Array;
  }
  const bindings: Bindings;
  // biome-ignore lint/style/noDefaultExport: the shape of the CommonJS module
  export default bindings;
}
