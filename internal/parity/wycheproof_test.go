package parity

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

// jsonGroup is a group of Wycheproof's vectors for JWS, JWK and JWE: tokens for one
// key, or one set of keys.
type jsonGroup struct {
	Public  json.RawMessage // none: the key is a shared secret
	Private json.RawMessage
	Tests   []jsonVector
}

type jsonVector struct {
	ID       int `json:"tcId"`
	JWS, JWE string
	Result   string
}

func (v jsonVector) valid() bool { return v.Result == "valid" }

// groupsOf returns the groups of a file of Wycheproof, after counting its vectors.
func groupsOf[G any](t *testing.T, name string, tests int) []G {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, name)
	require.NoError(t, err)
	var file struct {
		NumberOfTests int
		TestGroups    []G
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Equal(t, tests, file.NumberOfTests, "another version of the corpus: look at what is new")
	return file.TestGroups
}

// set returns the public keys of a group as a key set, or its shared secrets.
func (g jsonGroup) set(t *testing.T) []byte {
	t.Helper()
	keys := g.Public
	if keys == nil {
		keys = g.Private
	}
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(keys, &members))
	if members["keys"] == nil {
		keys = []byte(`{"keys":[` + string(keys) + `]}`)
	}
	return keys
}

// judge verifies a token with package jose and nothing else, as package jwt does. It
// returns what is wrong.
func judge(set []byte, token string) error {
	parts, header, signature, err := read(token)
	if err != nil {
		return err
	}
	keys, notes, err := jose.ParseKeySet(set)
	if err != nil {
		return err
	}
	fits := false
	for _, key := range keys {
		if (header.KeyID != "" && header.KeyID != key.ID) || !key.Fits(header.Algorithm) {
			continue
		}
		if key.Verifies(header.Algorithm, parts.Signed, signature) {
			return nil
		}
		fits = true
	}
	switch {
	case fits:
		return errors.New("not the signature of the key")
	case len(notes) > 0:
		_, why, _ := strings.Cut(notes[0], `": `)
		return errors.New(why)
	}
	return errors.New("no key for it")
}

// read is as far as package jose gets without a key.
func read(token string) (parts jose.Compact, header jose.Header, signature []byte, err error) {
	if parts, err = jose.Split(token); err != nil {
		return
	}
	if header, err = jose.ParseHeader(parts.Header); err != nil {
		return
	}
	if _, err = jose.Decode(parts.Payload); err != nil {
		return
	}
	signature, err = jose.Decode(parts.Signature)
	return
}

// everyAlgorithm are all that go-jose has: none of its refusals is for a list.
var everyAlgorithm = []gojose.SignatureAlgorithm{
	gojose.HS256, gojose.HS384, gojose.HS512, gojose.EdDSA, gojose.ES256, gojose.ES384, gojose.ES512,
	gojose.RS256, gojose.RS384, gojose.RS512, gojose.PS256, gojose.PS384, gojose.PS512,
}

// joseAccepts reports whether go-jose verifies a token with one of the keys.
func joseAccepts(set []byte, token string) bool {
	var keys gojose.JSONWebKeySet
	if err := json.Unmarshal(set, &keys); err != nil {
		return false
	}
	object, err := joseParse(token)
	if err != nil {
		return false
	}
	_, err = object.Verify(keys)
	return err == nil
}

// joseParse reads a token in either form.
func joseParse(token string) (*gojose.JSONWebSignature, error) {
	if strings.HasPrefix(token, "{") {
		return gojose.ParseSignedJSON(token, everyAlgorithm)
	}
	return gojose.ParseSignedCompact(token, everyAlgorithm)
}

// outcomes are the numbers of vectors by what ours says of them; nothing is that it
// accepts them.
type outcomes map[string][]int

// outcomesOf asks both about all vectors of some groups. It returns what ours says, and
// which of those that it refuses go-jose accepts. What ours accepts go-jose must.
func outcomesOf(t *testing.T, groups []jsonGroup) (ours, others outcomes) {
	t.Helper()
	ours, others = make(outcomes), make(outcomes)
	for _, g := range groups {
		set := g.set(t)
		for _, v := range g.Tests {
			err, why := judge(set, v.JWS), ""
			if err != nil {
				why = err.Error()
			}
			ours[why] = append(ours[why], v.ID)
			switch accepts := joseAccepts(set, v.JWS); {
			case err == nil:
				require.True(t, accepts, "go-jose refuses %d", v.ID)
			case accepts:
				others[why] = append(others[why], v.ID)
			}
		}
	}
	return ours, others
}

// counts returns how many there are of each.
func (o outcomes) counts() map[string]int {
	n := make(map[string]int)
	for why, ids := range o {
		n[why] = len(ids)
	}
	return n
}
