package parity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

const (
	sharedSecret = `"kty" oct: a shared secret is no public key`
	notBase64    = "not base64url without padding"
	threeParts   = "not three parts with dots between them"
	notAnObject  = "not a JSON object"
	notItsOwn    = "not the signature of the key"
	noKey        = "no key for it"
	es521        = `"alg" "ES521": does not fit the type of the key`
	notSig       = `"use": not sig`
	notVerify    = `"key_ops": without verify`
)

// faulty are the vectors of json_web_signature_test.json that are wrong about
// themselves, and what comes of them here. Those with a shared secret are judged as
// judgeMAC does.
var faulty = map[int]struct{ why, ours string }{
	346: {"valid, but a PS384 token for a key that names PS256; RFC 7520's names none", noKey},
	347: {"valid, but its key names ES521, which does not exist; RFC 7520's names none", es521},
	350: {"346 again, with key_ops", noKey},
	351: {"347 again, with key_ops", es521},
	367: {"invalid for its padding, but has none: it is 357, which is valid", ""},
	370: {"invalid for the padding of its payload, but is 357 as well", ""},
	372: {"valid, but has a question mark in the header, which is not base64url and not what the MAC is of", notBase64},
	373: {"valid, but has one in the payload", notBase64},
}

// TestWycheproofJWS wants each vector of json_web_signature_test.json to come out as
// it says, but for the faulty ones. Those with a shared secret, which package jose
// refuses whatever they are, are judged by what it makes of their form.
func TestWycheproofJWS(t *testing.T) {
	asItSays, wrong := 0, 0
	for _, g := range groupsOf[jsonGroup](t, "json_web_signature_test.json", 401) {
		set, judge := g.set(t), judge
		if g.Public == nil {
			judge = judgeMAC
		}
		for _, v := range g.Tests {
			err := judge(set, v.JWS)
			f, isFaulty := faulty[v.ID]
			switch {
			case isFaulty && f.ours == "":
				require.False(t, v.valid())
				require.NoError(t, err, "%d: %s", v.ID, f.why)
				wrong++
			case isFaulty:
				require.True(t, v.valid())
				require.EqualError(t, err, f.ours, "%d: %s", v.ID, f.why)
				wrong++
			default:
				require.Equal(t, v.valid(), err == nil, "%d: %v", v.ID, err)
				asItSays++
			}
		}
	}
	require.Equal(t, []int{393, 8}, []int{asItSays, wrong})
}

// The faulty ones are what the table says of them.
func TestWycheproofFaults(t *testing.T) {
	vectors := make(map[int]string)
	for _, g := range groupsOf[jsonGroup](t, "json_web_signature_test.json", 401) {
		for _, v := range g.Tests {
			vectors[v.ID] = v.JWS
		}
	}
	for first, again := range map[int]int{357: 367, 367: 370, 346: 350, 347: 351} {
		require.Equal(t, vectors[first], vectors[again])
	}
	for _, id := range []int{372, 373} {
		require.Contains(t, vectors[id], "?")
	}
}

// judgeMAC judges an HS256 token as somebody would who has package jose read it, and
// a shared secret.
func judgeMAC(set []byte, token string) error {
	parts, header, signature, err := read(token)
	if err != nil {
		return err
	}
	var secrets struct {
		Keys []struct{ Kid, K string }
	}
	if err := json.Unmarshal(set, &secrets); err != nil {
		return err
	}
	for _, s := range secrets.Keys {
		secret, err := jose.Decode(s.K)
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(parts.Signed))
		if header.Algorithm == "HS256" && header.KeyID == s.Kid && hmac.Equal(mac.Sum(nil), signature) {
			return nil
		}
	}
	return errors.New(notItsOwn)
}

// TestWycheproofJWSOutcomes has what package jose says of all vectors, and those that
// go-jose accepts nevertheless. None with a shared secret is accepted.
func TestWycheproofJWSOutcomes(t *testing.T) {
	groups := groupsOf[jsonGroup](t, "json_web_signature_test.json", 401)
	ours, joseAccepts := outcomesOf(t, groups)
	require.Equal(t, map[string]int{
		"": 32, notItsOwn: 295, threeParts: 18, sharedSecret: 16, notBase64: 14, noKey: 14, notAnObject: 6,
		es521: 2, notSig: 2, notVerify: 2,
	}, ours.counts())
	require.Equal(t, outcomes{
		sharedSecret: {1, 348, 352, 357, 358, 359, 367, 370, 376, 377},
		notBase64:    {374},                               // bits too many in the payload
		notItsOwn:    {281, 282, 283, 284, 285, 286},      // PS256, and another salt (RFC 7518, section 3.5)
		noKey:        {332, 334, 336, 338, 340, 346, 350}, // the key names another algorithm (RFC 7517, section 4.4)
		es521:        {347, 351},
		notSig:       {353, 354},
		notVerify:    {355, 356},
	}, joseAccepts)
	for _, g := range groups {
		for _, v := range g.Tests {
			if g.Public == nil {
				require.NotContains(t, ours[""], v.ID)
			}
		}
	}
}
