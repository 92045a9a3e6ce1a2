package eks

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/authnchain/authnchain/internal/clip"
)

var (
	regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
	hostForm   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
)

const maxHost = 253 // RFC 1035, section 2.3.4, less what is not written

// hosts are the names that a token may lead to.
type hosts map[string]bool

func newHosts(regions, names []string) (hosts, error) {
	if len(regions)+len(names) == 0 {
		return nil, errors.New("neither Regions nor Hosts: at least one is required")
	}
	all := make(hosts)
	for _, region := range regions {
		host, err := regional(region)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", clip.Quote(region), err)
		}
		all[host] = true
	}
	for _, name := range names {
		if !isHost(name) {
			return nil, fmt.Errorf("host %s: want a name in lower case, without scheme, port and dot at the end", clip.Quote(name))
		}
		all[name] = true
	}
	return all, nil
}

// regional returns the host of STS in a region
// (https://docs.aws.amazon.com/general/latest/gr/sts.html).
func regional(region string) (string, error) {
	switch {
	case !regionForm.MatchString(region):
		return "", errors.New("want one such as eu-west-1")
	case strings.HasPrefix(region, "us-iso"), strings.HasPrefix(region, "eu-iso"), strings.HasPrefix(region, "eusc-"):
		return "", errors.New("its host has to be among Hosts")
	case strings.HasPrefix(region, "cn-"):
		return "sts." + region + ".amazonaws.com.cn", nil
	}
	return "sts." + region + ".amazonaws.com", nil
}

func isHost(name string) bool { return len(name) <= maxHost && hostForm.MatchString(name) }
