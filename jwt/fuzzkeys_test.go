package jwt_test

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/jwt"
)

// FuzzParseKeys: what is accepted is fit for use, and PEM that is accepted is so by
// the standard library too, to the same keys and to the last of its lines.
func FuzzParseKeys(f *testing.F) {
	_, signers := rfcKeys(f)
	all := ""
	for _, name := range []string{"rsa", "ec", "ed"} {
		text := publicPEM(f, signers[name].Public())
		f.Add([]byte(text))
		f.Add([]byte(text[:len(text)/2]))
		f.Add([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
		f.Add([]byte("# text\n" + text))
		all += text
	}
	certificate, err := x509.CreateCertificate(reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, signers["ed"].Public(), signers["ed"])
	require.NoError(f, err)
	f.Add([]byte(all + pkcs1PEM(signers["rsa"].Public()) + pemBlock("CERTIFICATE", certificate, nil)))
	f.Add([]byte(all + all[1:]))
	f.Add([]byte(pemBlock("PUBLIC KEY", []byte{0x30, 0}, nil)))
	f.Add([]byte(pemBlock("PRIVATE KEY", nil, map[string]string{"a": "b"})))
	f.Add([]byte("-----BEGIN PUBLIC KEY----------BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"))
	for _, text := range []string{
		"", "{}", `{"keys":[]}`, `{"keys":[{` + ecJWK + `},{` + edJWK + `,"use":"enc"}]}`, `{"kid":"a",` + rsaJWK(2048, "AQAB") + `}`, `{` + edJWK + `,"d":"AA"}`, ` {` + edJWK + "}\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := jwt.ParseKeys(data)
		if err != nil {
			require.Empty(t, keys)
			require.LessOrEqual(t, len(err.Error()), 1024)
			return
		}
		require.NotEmpty(t, keys)
		require.LessOrEqual(t, len(keys), 256)
		for _, key := range keys {
			mustBeFit(t, key)
		}
		if !strings.HasPrefix(strings.TrimLeft(string(data), " \t\r\n"), "{") {
			require.Equal(t, standardKeys(t, data), keys)
		}
	})
}

// standardKeys returns the keys of PEM as the standard library reads it.
func standardKeys(t *testing.T, data []byte) (keys jwt.StaticKeys) {
	t.Helper()
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			require.Empty(t, strings.Trim(string(data), " \t\r\n"))
			return keys
		}
		var public any
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		default:
			require.Equal(t, "CERTIFICATE", block.Type)
			var certificate *x509.Certificate
			certificate, err = x509.ParseCertificate(block.Bytes)
			require.NoError(t, err)
			public = certificate.PublicKey
		}
		require.NoError(t, err)
		keys = append(keys, jwt.Key{Public: public})
		data = rest
	}
}
