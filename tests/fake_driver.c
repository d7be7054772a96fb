/* Stands in for NVIDIA's libcuda.so.1: as many GPUs as FAKE_GPUS says, of which CUDA_VISIBLE_DEVICES
   shows some, up to the first number that there is not. It cannot compute. */
#include <stdlib.h>
#include <string.h>

static int shown[64], count;

int cuInit(unsigned flags) {
  const char *told = getenv("CUDA_VISIBLE_DEVICES");
  int there = atoi(getenv("FAKE_GPUS"));
  count = 0;
  if (told) {
    for (char *name = strtok(strdup(told), ","); name; name = strtok(NULL, ",")) {
      int number = atoi(name);
      if (number < 0 || number >= there) break;
      shown[count++] = number;
    }
  } else {
    while (count < there) { shown[count] = count; count++; }
  }
  return count ? 0 : 100; /* CUDA_ERROR_NO_DEVICE */
}

int cuDriverGetVersion(int *version) { *version = 12040; return 0; }

int cuGetErrorName(int error, const char **name) {
  *name = error == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_UNKNOWN";
  return 0;
}

int cuDeviceGetCount(int *number) { *number = count; return 0; }

int cuDeviceGet(int *device, int ordinal) { *device = shown[ordinal]; return 0; }

int cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
  memset(uuid, 0, 16);
  uuid[15] = device;
  return 0;
}
