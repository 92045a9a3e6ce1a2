// Package floors_test keeps the packages of this module in their order: each one
// imports only from floors below its own, and those that people embed stay
// light.
package floors_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/authnchain/authnchain/"

// The floors. Internal packages are in the cellar, for everybody; nobody imports
// the attic.
const (
	cellar = iota - 1
	ground
	first
	second // what is made of those of the first, or for them
	beside // fixtures: of this module, they may import the ground floor
	boiler // what the third floor shares
	third  // what needs more than a few packages from outside
	attic
)

var floorOf = map[string]int{
	"internal/altname":           cellar,
	"internal/authscheme":        cellar,
	"internal/clip":              cellar,
	"internal/confirm":           cellar,
	"internal/dn":                cellar,
	"internal/fetch":             cellar,
	"internal/flight":            cellar,
	"internal/follow":            cellar,
	"internal/hide":              cellar,
	"internal/jose":              cellar,
	"internal/pause":             cellar,
	"internal/spelling":          cellar,
	"internal/strictjson":        cellar,
	"authn":                      ground,
	"anonymous":                  first,
	"bearer":                     first,
	"bearer/introspection":       second,
	"jwt":                        first,
	"union":                      first,
	"webhook":                    first,
	"x509":                       first,
	"x509/frontproxy":            second,
	"authn/authntest":            beside,
	"x509/certconfig":            third,
	"bearer/bootstrap/folder":    third,
	"bearer/bootstrap/listers":   third,
	"bearer/bootstrap":           second,
	"jwt/authconfig":             third,
	"jwt/serviceaccount":         second,
	"jwt/serviceaccount/listers": third,
	"examples/admission":         attic,
	"examples/authcheck":         attic,
	"examples/embed":             attic,
	"examples/tour":              attic,
	"examples/tokenreview":       attic,
	"internal/e2e":               attic,
	"internal/floors":            attic,
	"internal/readme":            attic,
	"internal/expressions":       boiler,
	"x509/revocation":            second,
	"bearer/eks":                 second,
	"bearer/eks/awsauth":         third,
}

// kubernetes, jose and ocsp are all that the lower floors may need from outside.
var (
	kubernetes = []string{
		"k8s.io/apiserver/pkg/authentication/authenticator",
		"k8s.io/apiserver/pkg/authentication/user",
	}
	jose = []string{
		"github.com/go-jose/go-jose/v4",
		"github.com/go-jose/go-jose/v4/cipher",
		"github.com/go-jose/go-jose/v4/json",
	}
	ocsp = []string{"golang.org/x/crypto/ocsp"}
)

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// list returns what the go command says of the packages of this module and all
// that they need, by import path.
func list(t *testing.T) (own []pkg, standard map[string]bool) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	standard = make(map[string]bool)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return own, standard
		} else {
			require.NoError(t, err)
		}
		standard[p.ImportPath] = p.Standard
		if strings.HasPrefix(p.ImportPath, module) {
			own = append(own, p)
		}
	}
}

func TestFloors(t *testing.T) {
	own, _ := list(t)
	require.Equal(t, len(floorOf), len(own), "packages of the module; take away here the floor of one that is gone")
	for _, p := range own {
		name := strings.TrimPrefix(p.ImportPath, module)
		floor, ok := floorOf[name]
		require.True(t, ok, "%s has no floor; give it one here", name)
		for _, imported := range p.Imports {
			below, own := strings.CutPrefix(imported, module)
			if !own {
				continue
			}
			switch {
			case floor == cellar:
				require.Equal(t, cellar, floorOf[below], "%s imports %s", name, below)
			case floor == beside:
				require.Equal(t, ground, floorOf[below], "%s imports %s", name, below)
			default:
				require.Less(t, floorOf[below], floor, "%s imports %s, which is not on a floor below", name, below)
			}
		}
	}
}

func TestWeight(t *testing.T) {
	own, standard := list(t)
	for _, p := range own {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed := kubernetes
		switch name {
		case "jwt", "internal/jose", "jwt/serviceaccount", "bearer/introspection":
			allowed = append(allowed[:len(allowed):len(allowed)], jose...)
		case "x509/revocation":
			allowed = append(allowed[:len(allowed):len(allowed)], ocsp...)
		}
		if floorOf[name] > beside {
			continue
		}
		for _, dep := range p.Deps {
			if !standard[dep] && !strings.HasPrefix(dep, module) {
				require.Contains(t, allowed, dep, "%s needs a package from outside that it did not need before", name)
			}
		}
	}
}
