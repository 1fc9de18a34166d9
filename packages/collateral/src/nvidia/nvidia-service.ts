/** NVIDIA's services, or mirrors of them with the same interfaces. */
export interface NvidiaService {
  /** Default: `https://ocsp.ndis.nvidia.com`. */
  readonly ocspUrl?: string;
  /** Default: `https://rim.attestation.nvidia.com`. */
  readonly rimUrl?: string;
}

export const nvidiaOcspUrl = 'https://ocsp.ndis.nvidia.com';
export const nvidiaRimUrl = 'https://rim.attestation.nvidia.com';
