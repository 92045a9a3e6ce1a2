package jose

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/authnchain/authnchain/internal/clip"
)

var (
	errBlock   = errors.New("cut off or broken")
	errBefore  = errors.New("something else where it should begin")
	errPrivate = errors.New("a private key, of which nobody but its owner needs more than the public part: give that")
)

// HasPEM reports whether data may be meant as PEM.
func HasPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN")) }

// ParsePEM reads the public keys of PEM blocks (RFC 7468): PUBLIC KEY, RSA PUBLIC
// KEY and CERTIFICATE, of which nothing but the key counts. They have no names. It
// takes all or nothing, and nothing but blanks may stand around the blocks.
func ParsePEM(data []byte) ([]Key, error) {
	var keys []Key
	for n := 1; ; n++ {
		block, rest, err := nextBlock(data)
		if err == nil && block == nil {
			return keys, nil
		}
		if err == nil && n > MaxKeys {
			return nil, fmt.Errorf("more than %d blocks", MaxKeys)
		}
		var key crypto.PublicKey
		if err == nil {
			key, err = keyIn(block)
		}
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		keys = append(keys, Key{Public: key})
		data = rest
	}
}

// nextBlock returns the block that data begins with, or none if there are only
// blanks. pem.Decode would pass over all that it cannot read.
func nextBlock(data []byte) (block *pem.Block, rest []byte, err error) {
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) == 0 {
		return nil, nil, nil
	}
	if !bytes.HasPrefix(text, []byte("-----BEGIN ")) {
		return nil, nil, errBefore
	}
	if blanks := data[:len(data)-len(text)]; len(blanks) > 0 && blanks[len(blanks)-1] != '\n' {
		return nil, nil, errBlock // it is indented
	}
	if block, rest = pem.Decode(text); block == nil {
		return nil, nil, errBlock
	}
	if taken := text[:len(text)-len(rest)]; bytes.Count(taken, []byte("-----BEGIN")) != 1 {
		return nil, nil, errBlock // and what was read is another
	}
	return block, rest, nil
}

// keyIn returns the key of a block, if it is fit for use.
func keyIn(block *pem.Block) (key crypto.PublicKey, err error) {
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, errPrivate
	}
	if len(block.Headers) > 0 { // RFC 7468, section 2
		return nil, errors.New("it has headers")
	}
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		key, err = certified(block.Bytes)
	default:
		return nil, fmt.Errorf("%s: not a PUBLIC KEY, an RSA PUBLIC KEY or a CERTIFICATE", clip.Quote(block.Type))
	}
	if err != nil {
		return nil, clip.Error(errors.New(strings.TrimPrefix(err.Error(), "x509: ")))
	}
	return key, checkRead(key)
}

func certified(der []byte) (crypto.PublicKey, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if cert.PublicKey == nil {
		return nil, errors.New("a certificate of a key that no algorithm has")
	}
	return cert.PublicKey, nil
}
