package jwt

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/authnchain/authnchain/internal/jose"
)

// ParseKeys reads public keys: a JWK Set (RFC 7517, section 5), one JWK, or PEM
// (RFC 7468) with any number of PUBLIC KEY, RSA PUBLIC KEY and CERTIFICATE blocks,
// as kube-apiserver's --service-account-key-file takes them. Of a certificate
// nothing but the key counts.
//
// PEM is taken as a whole or refused: nothing but blanks may stand around the
// blocks, and one that is cut off, has headers or a weak key is an error that says
// which. So is a private key, which kube-apiserver takes. Keys in PEM have no names
// and are tried for every token; see [StaticKeys]. Of a JWK Set, members that are no
// keys for signatures are left out, as they are of sets that issuers publish. That
// none is of use is an error that says why.
func ParseKeys(data []byte) (StaticKeys, error) {
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("jwt: keys: %w", err)
	}
	return keys, nil
}

func parseKeys(data []byte) (StaticKeys, error) {
	text := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, errors.New("empty")
	case text[0] == '{':
		return parseJWKs(data)
	case jose.HasPEM(text):
		found, err := jose.ParsePEM(data)
		return ownKeys(found), err
	}
	return nil, errors.New("neither a JWK Set, nor a JWK, nor PEM")
}

// parseJWKs reads JSON.
func parseJWKs(data []byte) (StaticKeys, error) {
	found, notes, err := jose.ParseJWKs(data)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: %w", errNoKeys, (&keySet{notes: notes}).why())
	}
	return ownKeys(found), err
}

func ownKeys(found []jose.Key) (keys StaticKeys) {
	for _, k := range found {
		keys = append(keys, Key(k))
	}
	return keys
}
