export { type EncryptionJwk, encryptToken, fetchEncryptionKey } from '../key-set/encryption-key.ts';
export type { Clock } from '../runtime/clock.ts';
export { JwtError, type JwtErrorCode } from './errors.ts';
export { createJwtVerifier, type JwtClaims, type JwtVerifier } from './jwt-verifier.ts';
export type { JwtVerifierOptions } from './options.ts';
