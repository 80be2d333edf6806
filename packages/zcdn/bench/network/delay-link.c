/*
 * Joins two network namespaces by a pair of TUN devices and holds each packet for a fixed time, because the kernel may lack netem.
 * usage: delay-link NAMESPACE-A DEVICE-A NAMESPACE-B DEVICE-B DELAY-MS (one way). Prints "up" and runs until it is killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 4096
#define PACKET 2048

struct slot { long long due; int length; unsigned char bytes[PACKET]; };
struct direction { int from, to; unsigned head, tail; struct slot *slots; };

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int open_tun(const char *space, const char *device) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", space);
  int ns = open(path, O_RDONLY);
  if (ns < 0 || setns(ns, CLONE_NEWNET) < 0) { perror(path); exit(1); }
  close(ns);
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0) { perror("tun"); exit(1); }
  return tun;
}

int main(int argc, char **argv) {
  if (argc != 6) { fprintf(stderr, "five arguments\n"); return 2; }
  int a = open_tun(argv[1], argv[2]), b = open_tun(argv[3], argv[4]);
  long long delay = (long long)(atof(argv[5]) * 1000);
  struct direction ways[2] = {{a, b, 0, 0, calloc(SLOTS, sizeof(struct slot))}, {b, a, 0, 0, calloc(SLOTS, sizeof(struct slot))}};
  puts("up");
  fflush(stdout);
  for (;;) {
    long long now = now_us(), wait = 1000000;
    for (int i = 0; i < 2; i++) {
      struct direction *w = &ways[i];
      while (w->head != w->tail && w->slots[w->tail % SLOTS].due <= now) {
        struct slot *s = &w->slots[w->tail++ % SLOTS];
        if (write(w->to, s->bytes, s->length) < 0 && errno != EAGAIN && errno != EIO) { perror("write"); return 1; }
      }
      if (w->head != w->tail && w->slots[w->tail % SLOTS].due - now < wait) wait = w->slots[w->tail % SLOTS].due - now;
    }
    struct pollfd polls[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    struct timespec limit = {wait / 1000000, (wait % 1000000) * 1000};
    ppoll(polls, 2, &limit, NULL);
    for (int i = 0; i < 2; i++) {
      struct direction *w = &ways[i];
      for (;;) {
        static unsigned char drop[PACKET];
        int full = w->head - w->tail == SLOTS;
        struct slot *s = &w->slots[w->head % SLOTS];
        int n = read(w->from, full ? drop : s->bytes, PACKET);
        if (n <= 0) break;
        if (full) continue;
        s->length = n;
        s->due = now_us() + delay;
        w->head++;
      }
    }
  }
}
